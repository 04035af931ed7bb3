"""The duty of every minute: rescue what stands still, fire what is due, show what is open."""

from prefect import flow

from tasks.watch import keep_house, keep_watch


@flow(name="rescue", persist_result=False)
def rescue() -> dict[str, int]:
    """巡检：为没有运行的在办事项重新启动运行，唤醒到期或有新材料的事项，补齐待办。"""
    return keep_watch()


@flow(name="sweep", persist_result=False)
def sweep() -> dict[str, int]:
    """时限巡查：到期提醒、逾期上报（每级只发一次）；按新公布的节假日重算期限；收取报送的名册；更新看板。"""
    return keep_house()
